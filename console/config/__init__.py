"""What people configure and type: settings, job forms and files, and where things are kept."""
