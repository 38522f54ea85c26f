"""DECIDE: facts become a plan. Pure: no clock, no random, no process, no printing, no environ."""
