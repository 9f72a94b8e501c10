"""An `aws` provider for the sandbox: the resource types of messaging programs, on a local API.

One small class a resource type (`sqs`, `sns`, `kms`, `iam`, `cloudwatch`), the functions
(`functions`), what AWS refuses and an emulator does not (`documents`), and the gRPC servicer
(`provider`) that our engine calls in its own process and Pulumi's engine as a plugin.
"""
