"""The words of the product as data: jobs, attempts, nodes, resources, events, requests, errors. Pure."""
