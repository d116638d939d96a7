@echo off
rem The command line of an installed Bellows. A script waits for the app, and the app writes into its console.
"%~dp0..\..\Bellows.exe" --no-sandbox --log-level=3 --js-flags=--max-semi-space-size=1 --cli -- %*
