"""Proves a project on the user's own machine: the sandbox behind `mqscaffold try`.

Nothing outside this package imports it at start-up: it needs the extra
`mqscaffold[sandbox]` (pulumi, boto3, pyyaml).  Three replaceable pieces:

- the engine (`engine`) runs an unmodified Pulumi program and speaks Pulumi's own gRPC interfaces;
- providers (`aws`) are Pulumi resource providers, so that Pulumi's own engine can use them too;
- brokers (`ministack`) carry the messages.
"""
