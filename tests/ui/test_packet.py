import json

import numpy as np

from ui.components.packet import pack


def test_a_packet_holds_the_header_and_every_array_at_a_multiple_of_four():
    floats, bytes_ = np.arange(6, dtype=np.float32).reshape(2, 3), np.array([7, 8, 9], np.uint8)
    packet = pack({"name": "é"}, [bytes_, floats])
    length = int.from_bytes(packet[:4], "little")
    header = json.loads(packet[4 : 4 + length])
    body = packet[4 + length :]
    first, second = header["slots"]
    assert length % 4 == 0
    assert header["name"] == "é"
    assert (first["kind"], second["kind"]) == ("b", "f")
    assert second["offset"] % 4 == 0
    assert np.frombuffer(body, np.uint8, first["length"], first["offset"]).tolist() == [7, 8, 9]
    assert np.frombuffer(body, np.float32, second["length"], second["offset"]).tolist() == [0, 1, 2, 3, 4, 5]
