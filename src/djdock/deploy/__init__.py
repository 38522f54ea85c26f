"""RUN, in production: how a release comes to an engine that others run at scale, with nothing of ours running there."""
