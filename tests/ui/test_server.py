import gc
import socket

from ui import server


def test_connections_of_a_socket_that_does_not_name_its_protocol_send_at_once() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        server.settle()
        with socket.create_connection(listening.getsockname()) as client, listening.accept()[0] as accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            assert client.fileno() >= 0
    gc.unfreeze()


def test_garbage_is_collected() -> None:
    class Knot:
        def __init__(self) -> None:
            self.itself = self

    Knot()
    server.give_memory_back()
    assert not [each for each in gc.get_objects() if type(each) is Knot]
