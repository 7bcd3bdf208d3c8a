// The place of DIDComm: messages between picos by decentralised identifiers instead of channels. This engine does not
// speak it yet. The ruleset is here because others count on it: it is among the installed ones, its queries answer
// that there is nothing, its events pass without effect, and to send something is refused by the module `dido`.

ruleset io.picolabs.did-o {
  meta {
    name "DID-O"
    description "Messages between picos by decentralised identifiers (not spoken by this engine)"
    provides routes, addRoute, didDocs, clearDidDocs, didMap, clearDidMap, pendingRotations, clearPendingRotations,
      generate_invitation, generate_message, send, sendEvent, sendQuery
    shares routes, addRoute, didDocs, clearDidDocs, didMap, clearDidMap, pendingRotations, clearPendingRotations,
      generate_invitation, generate_message
  }

  global {
    routes = function() { {} }
    didDocs = function() { {} }
    didMap = function() { {} }
    pendingRotations = function() { {} }

    addRoute = function(type, domain, name) { null }
    clearDidDocs = function() { null }
    clearDidMap = function() { null }
    clearPendingRotations = function() { null }
    generate_invitation = function(label) { null }
    generate_message = function(options) { null }

    // A message that cannot leave must not look as if it had.
    send = function(did, message) { dido:send(did, message) }
    sendEvent = function(did, event) { dido:send(did, dido:generateMessage({"body": event})) }
    sendQuery = function(did, query) { dido:sendQuery(did, dido:prepareQuery(did, query)) }
  }
}
