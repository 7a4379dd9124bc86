"""`humouse record`: a page on this machine in which a person records how he moves."""
