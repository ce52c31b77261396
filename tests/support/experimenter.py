"""An experimenter who uses the pages under /admin without a browser: reads forms, sends them."""

import re
from html import unescape

from werkzeug.security import generate_password_hash

PASSWORD = "correct horse battery"
HASH = generate_password_hash(PASSWORD, "scrypt:1024:8:1")  # as usual, but quick to try


class Experimenter:
    """Follows links and sends forms, one action a method; answers are the server's responses."""

    def __init__(self, client):
        self.client = client
        self.token = ""

    def get(self, path):
        response = self.client.get(path)
        if found := re.search(r'name="csrf_token" value="([^"]+)"', response.text):
            self.token = unescape(found[1])
        return response

    def post(self, path, **form):
        return self.client.post(path, data={"csrf_token": self.token} | form)

    def log_in(self, password=PASSWORD):
        self.get("/admin/login")
        response = self.post("/admin/login", password=password)
        if response.status_code == 303:
            self.get("/admin/")
        return response

    def study_path(self, name="study"):
        page = self.get("/admin/").text
        return re.search(rf'href="(/admin/studies/\d+)">{re.escape(name)}<', page)[1]

    def download(self, file, study="study"):
        return self.post(f"{self.study_path(study)}/export/{file}")
