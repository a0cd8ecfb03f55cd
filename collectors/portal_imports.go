package collectors

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/domicile-audit/domicile/evidence"
)

// What the portals answer their own pages with, and what PowerShell writes, says nowhere
// who saved it. A person says so in a wrapper around it; see savedFile. Microsoft
// documents none of the portals' answers.

const (
	mcasAboutKind        = "portal_mcas_about"
	defenderSettingsKind = "portal_defender_settings"
)

// savedContent is a file without its wrapper.
type savedContent struct {
	savedFile
	made   time.Time
	sha256 string
}

// openSaved takes the wrapper off, if there is one, and reads the JSON inside.
//
// Errors: a wrapper that says something else than savedBy, savedAt and content, a savedAt
// that is no time or after o.Now, content that is not JSON.
func openSaved(d importDocument, o ImportOptions) (savedContent, any, error) {
	saved, made, err := unwrapSaved(d, o)
	if err != nil {
		return savedContent{}, nil, err
	}
	value, err := jsonValue(saved.Content)
	if err != nil {
		return savedContent{}, nil, err
	}
	sum := sha256.Sum256(d.file.Data)
	return savedContent{saved, made, hex.EncodeToString(sum[:])}, value, nil
}

// answered says whether a named person answers for the file and its date.
func (s savedContent) answered() bool { return s.SavedBy != "" && !s.made.IsZero() }

// imported makes evidence of the objects of a file: the fields of the schema of kind, and
// who saved them. Objects whose fields are of another type than the schema says are kept
// without those, and the kind is then partial.
func (s savedContent) imported(kind, api string, objects []map[string]any) (Imported, error) {
	imported := Imported{
		Kind: kind, Objects: []json.RawMessage{}, Tier: evidence.Attested, Time: s.made, Complete: true, API: "import: " + api,
	}
	if s.answered() {
		imported.Tier = evidence.Portal
	}
	var p projection
	for _, fields := range objects {
		fields["sha256"] = s.sha256
		delete(fields, "savedBy")
		delete(fields, "savedAt")
		if s.SavedBy != "" {
			fields["savedBy"] = s.SavedBy
		}
		if !s.made.IsZero() {
			fields["savedAt"] = s.made.Format(time.RFC3339)
		}
		object, err := p.object(kind, fields)
		if err != nil {
			return Imported{}, err
		}
		imported.Objects = append(imported.Objects, object)
	}
	if len(p.misfits) > 0 {
		imported.partial(fmt.Sprintf("Its fields %s are of a type that is not known and were left out.", strings.Join(p.misfits, ", ")))
	}
	return imported, nil
}

// partial notes that something is missing; the first such note stands.
func (i *Imported) partial(message string) {
	i.Complete = false
	if i.Gap == nil {
		i.Gap = &evidence.Gap{Kind: i.Kind, Reason: evidence.Partial, Message: message}
	}
}

// innerText is a document's text without the wrapper.
func (d importDocument) innerText() []byte {
	if content, wrapped := d.object["content"]; wrapped {
		return bytes.TrimSpace(content)
	}
	return bytes.TrimSpace(d.text)
}

// innerObject is a document's object without the wrapper, nil when it isn't one.
func (d importDocument) innerObject() map[string]json.RawMessage {
	object, _ := jsonObject(d.innerText())
	return object
}

// innerList is the list that a document holds: by itself, as value of an answer, or a
// single object, as PowerShell's ConvertTo-Json writes a list of one. Ok is false where
// anything in it isn't an object.
func (d importDocument) innerList() (list []map[string]json.RawMessage, ok bool) {
	text := d.innerText()
	if object, is := jsonObject(text); is {
		value, there := object["value"]
		if !there {
			return []map[string]json.RawMessage{object}, true
		}
		text = value
	}
	if err := json.Unmarshal(text, &list); err != nil || list == nil {
		return nil, false
	}
	for _, item := range list {
		if item == nil {
			return nil, false
		}
	}
	return list, true
}

// hasAll says whether an object has all of the fields.
func hasAll(object map[string]json.RawMessage, names ...string) bool {
	for _, name := range names {
		if _, there := object[name]; !there {
			return false
		}
	}
	return len(names) > 0
}

// hasAny says whether an object has one of the fields.
func hasAny(object map[string]json.RawMessage, names ...string) bool {
	for _, name := range names {
		if _, there := object[name]; there {
			return true
		}
	}
	return false
}

func looksLikeMCASAbout(d importDocument) bool {
	return hasAll(d.innerObject(), "dataCenterName", "regionName")
}

// readMCASAbout reads the answer of Cloud Apps' page About
// (security.microsoft.com/apiproxy/mcas/cas/api/about/info).
func readMCASAbout(d importDocument, o ImportOptions) (Import, error) {
	return readSavedObject(d, o, mcasAboutKind, "Cloud Apps about/info")
}

func looksLikeDefenderSettings(d importDocument) bool {
	object := d.innerObject()
	return hasAll(object, "EnableMcasIntegration") && hasAny(object, "AatpIntegrationEnabled", "AatpWorkspaceExists")
}

// readDefenderSettings reads the answer of the portal's page of advanced features
// (security.microsoft.com/apiproxy/mtp/settings/GetAdvancedFeaturesSetting).
func readDefenderSettings(d importDocument, o ImportOptions) (Import, error) {
	return readSavedObject(d, o, defenderSettingsKind, "Defender portal GetAdvancedFeaturesSetting")
}

// readSavedObject reads a file that holds one object, all of whose fields are as the
// schema has them.
func readSavedObject(d importDocument, o ImportOptions, kind, api string) (Import, error) {
	saved, value, err := openSaved(d, o)
	if err != nil {
		return Import{}, err
	}
	fields, ok := value.(map[string]any)
	if !ok {
		return Import{}, errors.New("reading its content: it is not an object; save the whole answer")
	}
	return oneKind(saved.imported(kind, api, []map[string]any{fields}))
}

func oneKind(imported Imported, err error) (Import, error) {
	if err != nil {
		return Import{}, err
	}
	return Import{Kinds: []Imported{imported}}, nil
}

// objectsOf is value as a list of objects: a list, the value of an answer, or one object.
func objectsOf(value any) ([]map[string]any, error) {
	if answer, ok := value.(map[string]any); ok {
		if list, there := answer["value"]; there {
			value = list
		}
	}
	var objects []map[string]any
	for i, item := range asList(value) {
		object, ok := item.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("reading its content: item %d is not an object; save the whole answer", i)
		}
		objects = append(objects, object)
	}
	return objects, nil
}

// openObjects opens a file that holds a list of objects.
func openObjects(d importDocument, o ImportOptions) (savedContent, []map[string]any, error) {
	saved, value, err := openSaved(d, o)
	if err != nil {
		return savedContent{}, nil, err
	}
	objects, err := objectsOf(value)
	return saved, objects, err
}

// powerShellList is a list as PowerShell writes one: by itself, as its only element, or,
// in Windows PowerShell 5, as {"value": [...], "Count": n}. An empty list that lies deeper
// than -Depth is an empty text.
func powerShellList(value any) []any {
	if wrapped, ok := value.(map[string]any); ok {
		if _, counted := wrapped["Count"]; counted {
			value = wrapped["value"]
		}
	}
	if value == nil || value == "" {
		return []any{}
	}
	return asList(value)
}
