"""From the bytes of a file to a table, whatever the file's form: unpacked → text or records → columns."""
