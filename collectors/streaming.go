package collectors

import (
	"bytes"
	"strings"
)

// Exports of raw events by Defender's streaming API are no diagnostic settings of Azure.
// Only a person's token reads them, at api.security.microsoft.com/api/dataexportsettings,
// which Microsoft doesn't document; the portal shows them under Settings > Microsoft
// Defender XDR > Streaming API (https://learn.microsoft.com/defender-xdr/streaming-api).

const streamingKind = "streaming_export"

// streamingDestinations are the members of an export that name where it goes, each with
// the member inside and the name that the evidence has for it.
func streamingDestinations() [][3]string {
	return [][3]string{
		{"storageAccountProperties", "storageAccountResourceId", "storageAccountResourceId"},
		{"eventHubProperties", "eventHubResourceId", "eventHubResourceId"},
		{"eventHubProperties", "name", "eventHubName"},
		{"workspaceProperties", "workspaceResourceId", "workspaceResourceId"},
	}
}

func looksLikeStreaming(d importDocument) bool {
	list, ok := d.innerList()
	if !ok {
		return false
	}
	if len(list) == 0 {
		return bytes.Contains(bytes.ToLower(d.innerObject()["@odata.context"]), []byte("dataexportsettings"))
	}
	for _, export := range list {
		named := hasAny(export, "storageAccountResourceId", "eventHubResourceId", "workspaceResourceId")
		for _, destination := range streamingDestinations() {
			named = named || hasAny(export, destination[0])
		}
		if !named || !hasAll(export, "logs") {
			return false
		}
	}
	return true
}

// readStreaming reads the exports. An empty list has no object that could name who saved
// it, so that it counts only in a wrapper that does.
func readStreaming(d importDocument, o ImportOptions) (Import, error) {
	saved, exports, err := openObjects(d, o)
	if err != nil {
		return Import{}, err
	}
	for _, export := range exports {
		for _, destination := range streamingDestinations() {
			properties, ok := export[destination[0]].(map[string]any)
			if _, there := export[destination[2]]; ok && !there {
				export[destination[2]] = properties[destination[1]]
			}
		}
	}
	imported, err := saved.imported(streamingKind, "dataexportsettings", exports)
	if err != nil {
		return Import{}, err
	}
	if len(exports) == 0 && !saved.answered() {
		imported.partial("It lists no export and nobody answers for it; say in the wrapper who saved it, and when.")
	}
	if nextPage(d) {
		imported.partial("It is the first page of more; save the others and import them as one list.")
	}
	return oneKind(imported, nil)
}

// nextPage says whether an answer is one page of several.
func nextPage(d importDocument) bool {
	return strings.TrimSpace(jsonText(d.innerObject()["@odata.nextLink"])) != ""
}
