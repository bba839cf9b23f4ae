#!/usr/bin/env python3
"""Writes the list of everything the program is built from (CycloneDX 1.5, JSON), from Cargo's own lock file.

usage: scripts/sbom.py FILE

Only what goes into the binary of the package `sinfonia`: no development dependencies. The same lock file gives the same
bytes: there is no moment and no random number in it.
"""
import hashlib
import json
import os
import subprocess
import sys
import tomllib
import uuid

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def host():
    out = subprocess.run(["rustc", "-vV"], check=True, capture_output=True, text=True).stdout
    return next(line.split(": ")[1] for line in out.splitlines() if line.startswith("host: "))


def metadata(target):
    command = ["cargo", "metadata", "--locked", "--format-version", "1", "--filter-platform", target]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout)


def reached(data):
    """The packages that `sinfonia` needs to be built and to run, with what each needs."""
    nodes = {node["id"]: node for node in data["resolve"]["nodes"]}
    start = next(package["id"] for package in data["packages"] if package["name"] == "sinfonia")
    found, todo = {}, [start]
    while todo:
        this = todo.pop()
        if this in found:
            continue
        kinds = lambda dep: {kind["kind"] for kind in dep["dep_kinds"]}
        found[this] = sorted(dep["pkg"] for dep in nodes[this]["deps"] if kinds(dep) - {"dev"})
        todo.extend(found[this])
    return start, found


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    data = metadata(os.environ.get("SINFONIA_TARGET") or host())
    packages = {package["id"]: package for package in data["packages"]}
    start, found = reached(data)
    lock_bytes = open(os.path.join(ROOT, "Cargo.lock"), "rb").read()
    sums = {(p["name"], p["version"]): p.get("checksum") for p in tomllib.loads(lock_bytes.decode())["package"]}

    def ref(identifier):
        package = packages[identifier]
        return f"pkg:cargo/{package['name']}@{package['version']}"

    def component(identifier, kind="library"):
        package = packages[identifier]
        made = {"type": kind, "bom-ref": ref(identifier), "name": package["name"], "version": package["version"]}
        made["purl"] = ref(identifier)
        if package.get("license"):
            made["licenses"] = [{"expression": package["license"].replace("/", " OR ")}]
        checksum = sums.get((package["name"], package["version"]))
        if checksum:
            made["hashes"] = [{"alg": "SHA-256", "content": checksum}]
        if package.get("repository"):
            made["externalReferences"] = [{"type": "vcs", "url": package["repository"]}]
        return made

    digest = hashlib.sha256(lock_bytes).hexdigest()
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, digest)}",
        "version": 1,
        "metadata": {"component": component(start, "application")},
        "components": sorted((component(i) for i in found if i != start), key=lambda c: c["bom-ref"]),
        "dependencies": sorted(
            ({"ref": ref(i), "dependsOn": sorted(map(ref, needs))} for i, needs in found.items()), key=lambda d: d["ref"]
        ),
    }
    with open(sys.argv[1], "w") as out:
        json.dump(document, out, indent=1, ensure_ascii=False)
        out.write("\n")
    print(f"{sys.argv[1]}: {len(found) - 1} components")


main()
