"""AWS KMS for tests: moto's server, over HTTP, so that a broker in a process of its own asks it as it would ask AWS."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

WRAPPING_KEY = "alias/broker"


@contextmanager
def running_kms() -> Iterator[dict[str, str]]:
    """Yields the environment variables that lead an AWS client to it. It has the key `WRAPPING_KEY`."""
    import boto3  # noqa: PLC0415 - half a second that other tests need not wait
    from moto.backends import get_backend  # noqa: PLC0415
    from moto.server import ThreadedMotoServer  # noqa: PLC0415

    get_backend("kms").reset()  # moto's memory is the process's, not the server's
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        environment = {
            "AWS_ENDPOINT_URL_KMS": "http://{}:{}".format(*server.get_host_and_port()),
            "AWS_ACCESS_KEY_ID": "access-key",
            "AWS_SECRET_ACCESS_KEY": "secret-access-key",
            "AWS_DEFAULT_REGION": "eu-west-1",
        }
        kms = boto3.client(
            "kms",
            region_name=environment["AWS_DEFAULT_REGION"],
            endpoint_url=environment["AWS_ENDPOINT_URL_KMS"],
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        )
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        kms.create_alias(AliasName=WRAPPING_KEY, TargetKeyId=key)
        yield environment
    finally:
        server.stop()
