"""Makes a C file that holds a shell script as a string: embed_shell.py NAME SCRIPT OUTPUT.

Scripts for hosts are kept as .sh files, where people and editors can read them. Lines that only hold
a comment are left out: the text is sent to every host.
"""
import sys


def c_string(line):
    return '"' + line.replace("\\", "\\\\").replace('"', '\\"') + '\\n"'


def main(name, script, output):
    with open(script, encoding="utf-8") as source:
        lines = [line for line in source.read().splitlines()
                 if line.strip() and not line.lstrip().startswith("#")]
    with open(output, "w", encoding="utf-8") as target:
        target.write(f"extern const char {name}[];\nconst char {name}[] =\n")
        target.write("\n".join("    " + c_string(line) for line in lines) + ";\n")


main(*sys.argv[1:])
