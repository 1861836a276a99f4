"""Policy on against policy off: answers and latencies, with intervals. Needs the extra ``bench``."""
