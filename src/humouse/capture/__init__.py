"""What `humouse.js` records in a page: its payload, and the script itself."""
