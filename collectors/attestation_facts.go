package collectors

// FactType is the type of a field in an attestation's value.
type FactType string

// The types of fields.
const (
	// FactText is text that isn't empty.
	FactText FactType = "text"
	// FactBool is true or false.
	FactBool FactType = "true or false"
	// FactNumber is a whole number of at least 0.
	FactNumber FactType = "whole number"
	// FactTime is an RFC 3339 time, or a day.
	FactTime FactType = "time"
	// FactHash is a SHA-256 in 64 hexadecimal digits.
	FactHash FactType = "sha256"
	// FactID is a GUID, such as an object id.
	FactID FactType = "id"
	// FactWord is one of the field's Words.
	FactWord FactType = "word"
	// FactTexts is a list of text.
	FactTexts FactType = "list of text"
	// FactPerson is a mapping of the field's Fields about one person.
	FactPerson FactType = "person"
	// FactParty is a person's name, or a mapping as FactPerson has it.
	FactParty FactType = "name or person"
	// FactList is a list of mappings of the field's Fields.
	FactList FactType = "list"
)

// FactField is a field of an attestation's value, or of a mapping inside it.
type FactField struct {
	Name     string
	Type     FactType
	Required bool
	// Past says that a FactTime can't be after the scan, as a plan may be.
	Past bool
	// About says in a few words what the field holds.
	About string
	// Words are the words of a FactWord.
	Words []string
	// Fields are the fields of a FactPerson, FactParty or FactList.
	Fields []FactField
}

// Fact is something that people may attest to.
type Fact struct {
	Name  string
	About string
	// TextHash says that the value must name the hash of the text that was read.
	TextHash bool
	Fields   []FactField
	// Example is a value as YAML.
	Example string
}

// factPerson are the fields of a person in a value.
func factPerson(withRole bool) []FactField {
	fields := []FactField{
		{Name: "upn", Type: FactText, Required: true, About: "user principal name"},
		{Name: "objectId", Type: FactID, Required: true, About: "object id in the directory"},
	}
	if withRole {
		fields = append(fields, FactField{Name: "roleAtTheTime", Type: FactText, Required: true, About: "role held at that moment"})
	}
	return fields
}

// serviceGeo are the fields of a service whose Geo differs.
func serviceGeo() []FactField {
	return []FactField{
		{Name: "service", Type: FactText, Required: true, About: "the service"},
		{Name: "geo", Type: FactText, Required: true, About: "where its data rests"},
	}
}

// Facts lists every fact that an attestation may state, with the type of its value. It
// is the one list: the check named fact, the templates and docs/attestations.md follow it.
func Facts() []Fact {
	return append(recordFacts(), observedFacts()...)
}

// recordFacts are decisions and records of the organisation's own.
func recordFacts() []Fact {
	record := func(by string, at FactField, more ...FactField) []FactField {
		return append([]FactField{
			{Name: "terms", Type: FactText, Required: true, About: "which terms"},
			{Name: "edition", Type: FactText, Required: true, About: "their edition, such as 2026-10"},
			{Name: "textSha256", Type: FactHash, About: "hash of the text that was read"},
			{Name: by, Type: FactPerson, Required: true, About: "the person", Fields: factPerson(true)},
			at,
			{Name: "turnedOnAt", Type: FactTime, About: "when the service was turned on"},
			{Name: "services", Type: FactTexts, About: "the services that feed it"},
			{Name: "acknowledged", Type: FactList, About: "services whose Geo differs", Fields: serviceGeo()},
			{Name: "accepted", Type: FactBool, Required: true, About: "false is a refusal"},
			{Name: "supportTicket", Type: FactText, About: "ticket, where support was asked"},
		}, more...)
	}
	return []Fact{
		{
			Name: "terms-accepted", TextHash: true,
			About:  "the terms of Microsoft Threat Protection were accepted (profile mtp-2020-a)",
			Fields: record("acceptedBy", FactField{Name: "acceptedAt", Type: FactTime, Required: true, Past: true, About: "when"}),
			Example: `terms: Online Services Terms
edition: 2020-06
textSha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
acceptedBy: {upn: adele@contoso.example, objectId: 8a1f0c52-0000-4000-8000-000000000011, roleAtTheTime: Global Administrator}
acceptedAt: 2020-06-15T09:12:00Z
turnedOnAt: 2020-06-15T09:14:00Z
services: [endpoint, office, identity, cloud_apps]
acknowledged: [{service: exchange, geo: DEU}]
accepted: true`,
		},
		{
			Name: "service-decision", About: "the organisation decided to use the service, and in which Geo (later profiles)",
			Fields: record("decidedBy", FactField{Name: "decidedAt", Type: FactTime, Required: true, Past: true, About: "when"},
				FactField{Name: "geo", Type: FactText, About: "the Geo that was decided"}),
			Example: `terms: Product Terms and Data Protection Addendum
edition: 2026-10
decidedBy: {upn: adele@contoso.example, objectId: 8a1f0c52-0000-4000-8000-000000000011, roleAtTheTime: Security Administrator}
decidedAt: 2026-10-01
turnedOnAt: 2026-10-02T07:30:00Z
services: [endpoint, office, identity, cloud_apps]
acknowledged: [{service: cloud_apps, geo: UK}]
accepted: true
geo: EU`,
		},
		{
			Name: "service-off", About: "the service is off on purpose",
			Fields: []FactField{
				{Name: "decidedBy", Type: FactParty, Required: true, About: "who decided it", Fields: factPerson(false)},
				{Name: "role", Type: FactText, Required: true, About: "the person's role"},
				{Name: "date", Type: FactTime, Required: true, Past: true, About: "when"},
				{Name: "dataLossAcknowledged", Type: FactBool, Required: true, About: "that the service's data is lost is known"},
				{Name: "exportsKept", Type: FactTexts, About: "copies that were kept"},
			},
			Example: `decidedBy: Adele Vance
role: Chief Information Security Officer
date: 2026-09-30
dataLossAcknowledged: true
exportsKept: [archive/incidents-2026-09.json]`,
		},
		{
			Name: "location-exceptions", TextHash: true,
			About: "Microsoft's documented exceptions to its commitment on location were read and are accepted",
			Fields: []FactField{
				{Name: "edition", Type: FactText, Required: true, About: "address and date of the text"},
				{Name: "textSha256", Type: FactHash, About: "hash of the text"},
				{Name: "acknowledged", Type: FactTexts, Required: true, About: "the exceptions, one by one"},
			},
			Example: `edition: https://learn.microsoft.com/privacy/eudb/eu-data-boundary-transfers-for-all-services, 2026-10-12
textSha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
acknowledged: [pseudonymised data in central systems, remote access, threat intelligence, support, original location of integrated services]`,
		},
		{
			Name: "processor", About: "a further processor with access to Defender's data",
			Fields: []FactField{
				{Name: "name", Type: FactText, Required: true, About: "the processor"},
				{Name: "geo", Type: FactText, Required: true, About: "from where it has access"},
				{Name: "access", Type: FactText, About: "what it may see or do"},
				{Name: "tenantId", Type: FactID, About: "its tenant, where it has one"},
				{Name: "contractRef", Type: FactText, About: "the contract"},
			},
			Example: `name: Fabrikam Security Operations
geo: EU
access: incidents and hunting, read
tenantId: 5b2d7c1e-0000-4000-8000-000000000021
contractRef: DPA-2026-014`,
		},
		{
			Name: "transfer-basis", About: "the transfer is in the record of processing, with a basis for each Geo",
			Fields: []FactField{
				{Name: "ropaRef", Type: FactText, Required: true, About: "entry in the record of processing"},
				{Name: "dpiaRef", Type: FactText, About: "impact assessment"},
				{Name: "transfers", Type: FactList, Required: true, About: "one a Geo", Fields: []FactField{
					{Name: "geo", Type: FactText, Required: true, About: "where to"},
					{Name: "basis", Type: FactText, Required: true, About: "adequacy decision, standard clauses or derogation"},
				}},
			},
			Example: `ropaRef: ROPA-117
dpiaRef: DPIA-2026-03
transfers: [{geo: UK, basis: adequacy decision}]`,
		},
		{
			Name: "contract", About: "the contract, the register and the exit plan cover location and deletion",
			Fields: []FactField{
				{Name: "contractRef", Type: FactText, Required: true, About: "contract that names the location"},
				{Name: "registerRef", Type: FactText, Required: true, About: "entry in the register of information"},
				{Name: "exitPlanRef", Type: FactText, Required: true, About: "exit plan that covers deletion"},
			},
			Example: `contractRef: EA-8841
registerRef: ROI-2026-22
exitPlanRef: EXIT-07`,
		},
	}
}
