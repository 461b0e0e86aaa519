#!/usr/bin/env python3
"""Django's command line for the example."""
import os
import sys

from django.core.management import execute_from_command_line

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "example.settings")
# The package lies beside this project; a project of your own installs it.
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

execute_from_command_line(sys.argv)
