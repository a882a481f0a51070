"""Starts AWS's inference toolkit as its containers do. Run by test_toolkit.py with the toolkit's own Python."""

import sys

from sagemaker_inference import model_server

# Its defaults are a file in /etc and every network interface; the tests stay in their folder and on this machine.
model_server.MMS_CONFIG_FILE = sys.argv[1]
_properties = model_server._generate_mms_config_properties
model_server._generate_mms_config_properties = lambda *arguments: _properties(*arguments).replace(
    "http://0.0.0.0:", "http://127.0.0.1:"
)
model_server.start_model_server()
