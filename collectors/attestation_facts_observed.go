package collectors

// observedFacts are facts that people saw in a portal, since no interface gives them.
func observedFacts() []Fact {
	geo := FactField{Name: "geo", Type: FactText, Required: true, About: "where the data rests, as the portal says"}
	return []Fact{
		{
			Name: "xdr-geo", About: "where Defender XDR's data rests (Settings > Microsoft Defender XDR > Account)",
			Fields: []FactField{
				geo,
				{Name: "datacenter", Type: FactText, About: "data centre, where shown"},
				{Name: "orgId", Type: FactID, About: "organisation id of the same page"},
				{Name: "how", Type: FactWord, About: "chosen by a person, reviewed by one, or only seen", Words: []string{"chosen", "reviewed", "observed"}},
			},
			Example: `geo: EU
datacenter: WestEurope
orgId: 0d3c5a77-0000-4000-8000-000000000031
how: reviewed`,
		},
		{
			Name: "mde-org-binding", About: "which Defender for Endpoint organisation is this tenant's",
			Fields:  []FactField{{Name: "orgId", Type: FactID, Required: true, About: "organisation id of the Account page"}},
			Example: `orgId: 0d3c5a77-0000-4000-8000-000000000031`,
		},
		{
			Name: "mdi-geo", About: "where Defender for Identity's data rests (Settings > Identities > About)",
			Fields: []FactField{geo}, Example: `geo: Europe`,
		},
		{
			Name: "mdca-geo", About: "where Defender for Cloud Apps' data rests (Settings > Cloud Apps > About)",
			Fields: []FactField{geo, {Name: "datacenter", Type: FactText, About: "data centre, such as eu2"}},
			Example: `geo: EU
datacenter: eu2`,
		},
		{
			Name: "app-governance-geo", About: "App Governance's second location",
			Fields: []FactField{
				{Name: "enabled", Type: FactBool, Required: true, About: "whether App Governance is on"},
				{Name: "geo", Type: FactText, About: "where its data rests, when it is on"},
			},
			Example: `enabled: true
geo: FR`,
		},
		{
			Name: "exchange-regions", About: "Exchange's regions (Get-OrganizationConfig)",
			Fields: []FactField{
				{Name: "defaultMailboxRegion", Type: FactText, Required: true, About: "DefaultMailboxRegion"},
				{Name: "allowedMailboxRegions", Type: FactTexts, About: "AllowedMailboxRegions"},
			},
			Example: `defaultMailboxRegion: EUR
allowedMailboxRegions: [EUR, DEU]`,
		},
		{
			Name: "m365-data-location", About: "the tenant's default geography (admin center > Org settings > Data location)",
			Fields: []FactField{
				geo,
				{Name: "services", Type: FactList, About: "services of the card with a place of their own", Fields: serviceGeo()},
			},
			Example: `geo: EUR
services: [{service: exchange, geo: DEU}]`,
		},
		{
			Name: "aatp-mcas-integration", About: "the integration of Defender for Identity and Cloud Apps",
			Fields: []FactField{
				{Name: "enabled", Type: FactBool, Required: true, About: "2020: the box is ticked; today: Cloud Apps has been opened"},
				{Name: "since", Type: FactTime, Past: true, About: "since when"},
			},
			Example: `enabled: true
since: 2020-06-16`,
		},
		{
			Name: "mdca-connector", About: "Cloud Apps has been opened and its Microsoft 365 connector is on",
			Fields: []FactField{
				{Name: "enabled", Type: FactBool, Required: true, About: "the connector's status is Connected"},
				{Name: "openedAt", Type: FactTime, Past: true, About: "when Cloud Apps was opened first"},
			},
			Example: `enabled: true
openedAt: 2026-10-02`,
		},
		{
			Name: "lockbox", About: "Customer Lockbox is on",
			Fields:  []FactField{{Name: "enabled", Type: FactBool, Required: true, About: "approval is required"}},
			Example: `enabled: true`,
		},
		{
			Name: "retention", About: "for how long data is kept, the sources' own periods and commitments included",
			Fields: []FactField{
				{Name: "days", Type: FactNumber, Required: true, About: "days in Defender XDR"},
				{Name: "services", Type: FactList, About: "sources that keep data for another time", Fields: []FactField{
					{Name: "service", Type: FactText, Required: true, About: "the service"},
					{Name: "days", Type: FactNumber, Required: true, About: "days there"},
				}},
				{Name: "acknowledged", Type: FactTexts, About: "commitments that differ, one by one"},
			},
			Example: `days: 180
services: [{service: endpoint, days: 30}]
acknowledged: [Exchange keeps quarantined mail for 30 days]`,
		},
		{
			Name: "known-copy", About: "a copy of Defender's data outside it is wanted",
			Fields: []FactField{
				{Name: "resourceId", Type: FactText, Required: true, About: "the resource that holds it"},
				{Name: "geo", Type: FactText, Required: true, About: "where it rests"},
				{Name: "reason", Type: FactText, Required: true, About: "why it is wanted"},
			},
			Example: `resourceId: /subscriptions/6c1e4d10-0000-4000-8000-000000000041/resourceGroups/sec/providers/Microsoft.OperationalInsights/workspaces/sentinel
geo: westeurope
reason: SIEM`,
		},
		{
			Name: "defender-roles", About: "who holds a role of Defender's own that can change settings",
			Fields: []FactField{{Name: "holders", Type: FactList, Required: true, About: "one an assignment", Fields: []FactField{
				{Name: "principalId", Type: FactID, Required: true, About: "object id of the person or group"},
				{Name: "role", Type: FactText, Required: true, About: "the role and its product"},
				{Name: "approved", Type: FactBool, Required: true, About: "whether it is approved"},
			}}},
			Example: `holders: [{principalId: 8a1f0c52-0000-4000-8000-000000000011, role: Security operator (Defender for Endpoint), approved: true}]`,
		},
	}
}
