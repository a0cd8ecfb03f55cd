package collectors

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/internal/pseudonym"
	"github.com/domicile-audit/domicile/internal/signing"
)

// MaxImportBytes bounds one imported file. ScubaGear's export of a large tenant has some
// ten MiB; nothing that is accepted comes near the bound.
const MaxImportBytes = 64 << 20

// File is a file that a person saved. Name is for messages, Data is the content.
type File struct {
	Name string
	Data []byte
	// Envelope holds the signatures of a file of attestations; nil where it has none.
	Envelope []byte
}

// ImportOptions say what the files are held against.
type ImportOptions struct {
	// Tenant is the tenant that the files must be of, the zero value when unknown.
	Tenant evidence.Tenant
	// Now is the time of the collection.
	Now time.Time
	// Roots are the roots that may vouch for onboarding packages; nil stands for
	// PinnedRoots.
	Roots *x509.CertPool
	// Trust are the keys whose signatures of attestations count, by the name of the person.
	Trust signing.Trust
	// Pseudonyms are those of the collection; nil for none. An earlier result gets them here,
	// where it is known what its texts say; everything else when it is written.
	Pseudonyms *pseudonym.Key
}

// Imported is one kind of evidence that a file gave.
type Imported struct {
	Kind string
	// Objects are nil, not empty, where the file says only that the kind could not be read.
	Objects []json.RawMessage
	Tier    evidence.Tier
	// Complete says that the file holds all that the kind asks for.
	Complete bool
	// API names what was imported, such as "import: ScubaGear ProviderSettingsExport".
	API string
	// Time is when the file says that it was made, zero when it doesn't say.
	Time time.Time
	// Gap says what is missing, nil when nothing is.
	Gap *evidence.Gap
}

// Import is what a file holds. Tenant is set as far as the file says which tenant it is
// of. Kinds are in a fixed order and hold objects in the shape of their schemas.
type Import struct {
	Name   string
	Tenant evidence.Tenant
	Kinds  []Imported
}

// importFormat is one format of files that is accepted.
type importFormat struct {
	// accepted names the format for people.
	accepted string
	// looks tells whether a document is of the format, right or broken.
	looks func(d importDocument) bool
	// read turns the document into evidence.
	read func(d importDocument, o ImportOptions) (Import, error)
}

// importFormats lists every accepted format, the narrowest first.
func importFormats() []importFormat {
	return []importFormat{
		{
			accepted: "ScubaGear's ProviderSettingsExport.json or ScubaResults JSON",
			looks:    looksLikeScubaGear,
			read:     readScubaGear,
		},
		{
			accepted: "the Defender portal's TenantContext as JSON, by itself or as {\"savedBy\", \"savedAt\", \"content\"}",
			looks:    looksLikeTenantContext,
			read:     readTenantContext,
		},
		{
			accepted: "an earlier result.json",
			looks:    looksLikePrevious,
			read:     readPrevious,
		},
		{
			accepted: "the Defender portal's GetAdvancedFeaturesSetting as JSON",
			looks:    looksLikeDefenderSettings,
			read:     readDefenderSettings,
		},
		{
			accepted: "Cloud Apps' about/info as JSON",
			looks:    looksLikeMCASAbout,
			read:     readMCASAbout,
		},
		{
			accepted: "Get-OrganizationConfig | ConvertTo-Json",
			looks:    looksLikeOrganizationConfig,
			read:     readOrganizationConfig,
		},
		{
			accepted: "Get-AdminAuditLogConfig | ConvertTo-Json",
			looks:    looksLikeAuditConfig,
			read:     readAuditConfig,
		},
		{
			accepted: "Get-UnifiedAuditLogRetentionPolicy | ConvertTo-Json",
			looks:    looksLikeRetentionPolicies,
			read:     readRetentionPolicies,
		},
		{
			accepted: "the streaming API's dataexportsettings as JSON",
			looks:    looksLikeStreaming,
			read:     readStreaming,
		},
		{
			accepted: "terms of use, agreements or acceptances, as Microsoft Graph answers",
			looks:    looksLikeTerms,
			read:     readTerms,
		},
		{
			accepted: "a Defender for Endpoint onboarding package (.cmd, .py, JSON, or base64 as Azure Resource Manager gives it)",
			looks:    looksLikeOnboardingPackage,
			read:     readOnboardingPackage,
		},
	}
}

// importDocument is a file whose text is known: UTF-8, without a byte order mark. Object
// is nil unless the text is one JSON object.
type importDocument struct {
	file   File
	text   []byte
	object map[string]json.RawMessage
}

// ImportFile reads one file that a person saved and recognises it by its content, never
// by its name. It keeps only the fields that the schemas of the evidence list: what no
// rule reads is dropped.
//
// Errors: a file that is too large, that is of none of the accepted formats (the error
// lists them), that is damaged, or that is of another tenant than o.Tenant.
func ImportFile(f File, o ImportOptions) (Import, error) {
	document, err := openDocument(f)
	if err != nil {
		return Import{}, fmt.Errorf("importing %s: %w", f.Name, err)
	}
	var accepted []string
	for _, format := range importFormats() {
		if !format.looks(document) {
			accepted = append(accepted, format.accepted)
			continue
		}
		imported, err := format.read(document, o)
		if err != nil {
			return Import{}, fmt.Errorf("importing %s: %w", f.Name, err)
		}
		imported.Name = f.Name
		return imported, nil
	}
	if err := damagedJSON(document.text); err != nil {
		return Import{}, fmt.Errorf("importing %s: it begins like JSON and is damaged (%w); save it again", f.Name, err)
	}
	return Import{}, fmt.Errorf(
		"importing %s: its content is of no known kind; accepted are: %s (attestations are YAML files of their own: give them as attestations)",
		f.Name, strings.Join(accepted, "; "))
}

func openDocument(f File) (importDocument, error) {
	if len(f.Data) > MaxImportBytes {
		return importDocument{}, fmt.Errorf("it has more than the %d bytes that are read; import the export itself", MaxImportBytes)
	}
	text, err := decodeText(f.Data)
	if err != nil {
		return importDocument{}, err
	}
	d := importDocument{file: f, text: text}
	if object, ok := jsonObject(text); ok {
		d.object = object
	}
	return d, nil
}

// joined joins the onboarding packages of several files into one kind, at the tier of the
// weakest of them. Every other kind comes from one file alone.
func joined(imports []Imported) []Imported {
	best := []evidence.Tier{evidence.Signed, evidence.API, evidence.Proxy, evidence.Portal, evidence.Attested}
	var kinds []Imported
	for _, imported := range imports {
		first := slices.IndexFunc(kinds, func(k Imported) bool { return k.Kind == onboardingKind })
		if imported.Kind != onboardingKind || first < 0 {
			kinds = append(kinds, imported)
			continue
		}
		kind := &kinds[first]
		for _, object := range imported.Objects {
			if !slices.ContainsFunc(kind.Objects, func(held json.RawMessage) bool { return bytes.Equal(held, object) }) {
				kind.Objects = append(slices.Clip(kind.Objects), object)
			}
		}
		if slices.Index(best, imported.Tier) > slices.Index(best, kind.Tier) {
			kind.Tier = imported.Tier
		}
	}
	return kinds
}

// sameTenant checks a file's tenant id against the tenant that is collected.
func sameTenant(id string, o ImportOptions) error {
	if id == "" || o.Tenant.ID == "" || strings.EqualFold(id, o.Tenant.ID) {
		return nil
	}
	return fmt.Errorf("it is of tenant %q, not of %s; import a file that was saved in that tenant", id, o.Tenant.ID)
}

// notFromTheFuture checks the time at which a file says that it was made. A zero time
// passes: the file doesn't say.
func notFromTheFuture(made time.Time, o ImportOptions) error {
	if made.IsZero() || o.Now.IsZero() || !made.After(o.Now) {
		return nil
	}
	return fmt.Errorf("it says that it was made at %s, which is after %s; correct the clock or the file",
		made.UTC().Format(time.RFC3339), o.Now.UTC().Format(time.RFC3339))
}
