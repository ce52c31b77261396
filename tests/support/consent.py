"""The version of the consent text that studies have which name none of their own."""

from stimuli_gen.listening_test import parse_listening_test

CONSENT_VERSION = parse_listening_test({}).consent.version
