// Shows the description of this very server, and asks nobody else for anything: no fonts, proxy, telemetry or agent.
Scalar.createApiReference("#reference", {
  url: "/schema/openapi.json",
  withDefaultFonts: false,
  telemetry: false,
  agent: { disabled: true },
  mcp: { disabled: true },
  hideClientButton: true,
  showDeveloperTools: "never",
  persistAuth: false, // a key is forgotten with the page
});
