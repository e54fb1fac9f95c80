"""Deliveries to Salesforce, against the org of `tests.fakes.salesforce`."""
