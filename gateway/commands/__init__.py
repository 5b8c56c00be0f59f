"""From a delivery to a result: policy, the journal, the link's queue."""
