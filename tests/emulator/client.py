#!/usr/bin/env python3
"""Somebody else who works in an account on the server.

    client.py URL ACCOUNT REGION SERVICE METHOD JSON     prints the answer as JSON
"""

import json
import sys

import boto3

url, account, region, service, method, arguments = sys.argv[1:]
own = dict(endpoint_url=url, region_name=region)
sts = boto3.client("sts", aws_access_key_id="test", aws_secret_access_key="test", **own)
credentials = sts.assume_role(RoleArn=f"arn:aws:iam::{account}:role/somebody", RoleSessionName="somebody")["Credentials"]
client = boto3.client(
    service,
    aws_access_key_id=credentials["AccessKeyId"],
    aws_secret_access_key=credentials["SecretAccessKey"],
    aws_session_token=credentials["SessionToken"],
    **own,
)
print(json.dumps(getattr(client, method)(**json.loads(arguments)), default=str))
