"""The push gateway: live channels over websockets in the Centrifuge client protocol (JSON)."""
