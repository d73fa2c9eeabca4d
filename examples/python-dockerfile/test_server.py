import threading
import unittest
from urllib.error import HTTPError
from urllib.request import urlopen

from server import create_server


class ServerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = create_server(0)
        cls.url = f"http://localhost:{cls.server.server_address[1]}"
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.shutdown()
        cls.server.server_close()

    def test_greets(self):
        self.assertEqual(urlopen(self.url).read(), b"Hello from Python\n")

    def test_says_that_it_is_healthy(self):
        self.assertEqual(urlopen(self.url + "/health").status, 200)

    def test_knows_nothing_else(self):
        with self.assertRaises(HTTPError) as caught:
            urlopen(self.url + "/nothing")
        self.assertEqual(caught.exception.code, 404)


if __name__ == "__main__":
    unittest.main()
