"""What people see of generated images: which trials they get, and what their answers say."""
