// Starts the language server for files in KRL.
const { workspace } = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

exports.activate = () => {
  const [command, ...args] = workspace.getConfiguration("pico-krl").get("command");
  client = new LanguageClient(
    "pico-krl",
    "KRL (pico)",
    { command, args },
    { documentSelector: [{ language: "pico-krl" }] },
  );
  return client.start();
};

exports.deactivate = () => client && client.stop();
