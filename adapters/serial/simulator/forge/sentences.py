from adapters.serial.simulator.forge.editor import TextEditor


class SentenceEditor(TextEditor):
    def blank(self):
        return None

    def span(self, content, name):
        return None
