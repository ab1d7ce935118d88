"""Test hosts, ensembles and runs of the program for the cluster suite. See README.md here."""
from .host import Host, Process
from .lab import CONTROLLER, Lab
from .runner import Arcusplan, Result, find_program
from .wait import wait_for
from .zookeeper import ZooKeeper, four_letters, kazoo, read_cloud, read_tree

__all__ = ["Arcusplan", "CONTROLLER", "Host", "Lab", "Process", "Result", "ZooKeeper",
           "find_program", "four_letters", "kazoo", "read_cloud", "read_tree", "wait_for"]
