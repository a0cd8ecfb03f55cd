package collectors

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/domicile-audit/domicile/evidence"
)

// The Defender portal keeps what it knows of a tenant in a document that its pages call
// TenantContext. No supported API gives it and Microsoft documents none of its fields, so
// a person saves it from the browser. It holds user names, roles and addresses besides;
// only the fields of the schema are kept.

const tenantContextKind = "portal_tenant_context"

// maxContextBytes bounds a saved TenantContext, which has some ten KiB.
const maxContextBytes = 4 << 20

// maxSavedBy bounds the name of the person who saved a file.
const maxSavedBy = 256

// tenantContextMarks are fields that together tell a TenantContext from other JSON: two
// of them are enough.
var tenantContextMarks = []string{"AuthInfo", "MtpConsent", "ActiveMtpWorkloads", "IsMtpEligible", "GeoRegion", "OrgId"}

// savedFile is the wrapper in which a person says who saved a portal's answer, and when.
type savedFile struct {
	SavedBy string
	SavedAt string
	Content json.RawMessage
}

func looksLikeTenantContext(d importDocument) bool {
	object := d.object
	if content, wrapped := object["content"]; wrapped {
		object, _ = jsonObject(content)
	}
	found := 0
	for _, mark := range tenantContextMarks {
		if _, there := object[mark]; there {
			found++
		}
	}
	return found >= 2
}

func readTenantContext(d importDocument, o ImportOptions) (Import, error) {
	if len(d.text) > maxContextBytes {
		return Import{}, fmt.Errorf("reading the TenantContext: it has %d bytes, more than the %d that are read; save that one answer", len(d.text), maxContextBytes)
	}
	saved, made, err := unwrapSaved(d, o)
	if err != nil {
		return Import{}, err
	}
	value, err := jsonValue(saved.Content)
	if err != nil {
		return Import{}, err
	}
	fields, ok := value.(map[string]any)
	if !ok {
		return Import{}, errors.New("reading the TenantContext: its content is not an object; save the whole answer")
	}
	id := tenantOfContext(fields)
	if err := sameTenant(id, o); err != nil {
		return Import{}, err
	}
	sum := sha256.Sum256(d.file.Data)
	fields["sha256"] = hex.EncodeToString(sum[:])
	delete(fields, "savedBy")
	delete(fields, "savedAt")
	tier := evidence.Attested
	if saved.SavedBy != "" {
		fields["savedBy"] = saved.SavedBy
	}
	if !made.IsZero() {
		fields["savedAt"] = made.Format(time.RFC3339)
	}
	if saved.SavedBy != "" && !made.IsZero() {
		tier = evidence.Portal
	}
	var p projection
	object, err := p.object(tenantContextKind, fields)
	if err != nil {
		return Import{}, err
	}
	imported := Imported{
		Kind: tenantContextKind, Objects: []json.RawMessage{object}, Tier: tier, Time: made,
		Complete: len(p.misfits) == 0, API: "import: Defender portal TenantContext",
	}
	if len(p.misfits) > 0 {
		imported.Gap = &evidence.Gap{
			Kind: tenantContextKind, Reason: evidence.Partial,
			Message: fmt.Sprintf("The portal's %s are of a type that is not known and were left out.", strings.Join(p.misfits, ", ")),
		}
	}
	return Import{Tenant: evidence.Tenant{ID: strings.ToLower(id)}, Kinds: []Imported{imported}}, nil
}

// unwrapSaved takes the wrapper off, if there is one, and checks what it says.
func unwrapSaved(d importDocument, o ImportOptions) (savedFile, time.Time, error) {
	if _, wrapped := d.object["content"]; !wrapped {
		return savedFile{Content: d.text}, time.Time{}, nil
	}
	saved, err := wrapperOf(d)
	if err != nil {
		return savedFile{}, time.Time{}, fmt.Errorf("reading the wrapper (savedBy, savedAt, content): %w", err)
	}
	saved.SavedBy = strings.TrimSpace(saved.SavedBy)
	if len(saved.SavedBy) > maxSavedBy {
		return savedFile{}, time.Time{}, fmt.Errorf("reading savedBy: it has more than %d bytes; name one person", maxSavedBy)
	}
	if saved.SavedAt == "" {
		return saved, time.Time{}, nil
	}
	made, ok := readTime(jsonDate(saved.SavedAt))
	if !ok {
		return savedFile{}, time.Time{}, fmt.Errorf("reading savedAt %q: it is no time; write it like 2026-11-21T08:30:00Z", saved.SavedAt)
	}
	return saved, made, notFromTheFuture(made, o)
}

// wrapperOf reads the wrapper by its exact names, which encoding/json does not.
func wrapperOf(d importDocument) (savedFile, error) {
	if name := repeatedName(d.text, 1); name != "" {
		return savedFile{}, fmt.Errorf("it has the field %q twice; write it once", name)
	}
	saved := savedFile{Content: d.object["content"]}
	texts := map[string]*string{"savedBy": &saved.SavedBy, "savedAt": &saved.SavedAt}
	for _, name := range slices.Sorted(maps.Keys(d.object)) {
		text, known := texts[name]
		if !known {
			if name != "content" {
				return savedFile{}, fmt.Errorf("it has the unknown field %q; leave it out", name)
			}
			continue
		}
		if err := json.Unmarshal(d.object[name], text); err != nil {
			return savedFile{}, fmt.Errorf("%s is not a text; write it like \"adele@contoso.example\" or \"2026-11-21T08:30:00Z\"", name)
		}
	}
	return saved, nil
}

func tenantOfContext(fields map[string]any) string {
	info, _ := fields["AuthInfo"].(map[string]any)
	id, _ := info["TenantId"].(string)
	return id
}
