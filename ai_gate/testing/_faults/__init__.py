"""What goes wrong on request: by bytes (`steps`), by name (`catalog`), and when (`rules`)."""
