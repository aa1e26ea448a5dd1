"""The vendor's example with requests: prints the status and what the body says."""

import os
import sys

import requests

token, account = sys.argv[1:]
apiUrl = f"{os.environ['BASE_URL']}/v1/minimax/accounts/{account}"
headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
response = requests.get(apiUrl, headers=headers, timeout=20)
try:
    result = response.json()
    said = result.get("account") or result.get("error") or "-"
except ValueError:
    # The page documents a sentence for 404, not an object.
    said = "-"
print(response.status_code, said)
