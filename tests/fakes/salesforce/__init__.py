"""A Salesforce org on loopback: logins, REST and Bulk API 2.0 ingest, with the rules and traps of the real one."""
