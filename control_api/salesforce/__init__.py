"""Salesforce: connections to an organization's orgs, what of a person becomes which field, and the client of its APIs.

    service, controller    connections as people see them
    addresses, session     which hosts are asked, and how
    client, bulk           login, describe, query; ingest jobs of the Bulk API 2.0
    mapping                a person's values as the fields of a Lead, checked against `describe`
    secrets                secrets at rest

The job that sends people is `control_api.work.push`; what is kept of it, `storage.pushes`.
"""
