"""Read and write the files of ``prompt-policy apply``, in one process or several."""
