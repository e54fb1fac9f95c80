"""What every request passes on its way: robots.txt, the pace of its host, redirects, and the guarded transport."""
