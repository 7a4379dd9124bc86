"""Public datasets: fetched from where they are published, checked, and unpacked."""
