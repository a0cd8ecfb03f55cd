package reports

import (
	"github.com/owenrumney/go-sarif/v2/sarif"

	"github.com/domicile-audit/domicile/findings"
)

// taxonomies describe the frameworks that the rules name and their controls.
func (l *sarifLog) taxonomies() []*sarif.ToolComponent {
	var components []*sarif.ToolComponent
	for _, framework := range l.frameworks {
		component := &sarif.ToolComponent{
			Name:             cleanName(framework.Key),
			GUID:             ptr(taxonomyGUID(framework.Key)),
			FullName:         ptr(framework.Title),
			ShortDescription: multi(framework.Title, ""),
			Rules:            []*sarif.ReportingDescriptor{},
			IsComprehensive:  ptr(false),
		}
		if framework.URI != "" {
			component.InformationURI, component.Organization = ptr(framework.URI), ptr(framework.Organisation)
		}
		controls := map[string]bool{}
		for _, rule := range l.result.Rules {
			for _, control := range rule.Frameworks[framework.Key] {
				controls[control.ID] = true
			}
		}
		l.taxa[framework.Key] = map[string]uint{}
		for i, id := range keys(controls) {
			l.taxa[framework.Key][id] = uint(i)
			component.Taxa = append(component.Taxa, &sarif.ReportingDescriptor{
				ID:               cleanName(id),
				ShortDescription: multi(framework.Title+", "+cleanName(id), ""),
			})
		}
		components = append(components, component)
	}
	return components
}

// taxonomyReference refers to the framework of an index. All three fields are set, as
// the library writes null for those that are not, which the schema refuses.
func (l *sarifLog) taxonomyReference(index int) *sarif.ToolComponentReference {
	key := l.frameworks[index].Key
	return &sarif.ToolComponentReference{Name: ptr(cleanName(key)), Index: ptr(uint(index)), Guid: ptr(taxonomyGUID(key))}
}

func taxonomyGUID(key string) string { return nameUUID("framework", key) }

// taxaOf refers to the controls that a rule supports.
func (l *sarifLog) taxaOf(rule findings.Rule) []*sarif.ReportingDescriptorReference {
	var references []*sarif.ReportingDescriptorReference
	for i, framework := range l.frameworks {
		for _, control := range rule.Frameworks[framework.Key] {
			references = append(references, l.taxon(i, control))
		}
	}
	return references
}

// taxon refers to a control of the framework of an index.
func (l *sarifLog) taxon(framework int, control findings.Control) *sarif.ReportingDescriptorReference {
	return &sarif.ReportingDescriptorReference{
		Id:            ptr(cleanName(control.ID)),
		Index:         ptr(l.taxa[l.frameworks[framework].Key][control.ID]),
		ToolComponent: l.taxonomyReference(framework),
	}
}

// relate adds to every rule its relationships to the controls that it supports, which the
// library's type of a rule has no field for (SARIF 2.1.0, 3.49.15).
func (l *sarifLog) relate(run map[string]any) {
	tool, _ := run["tool"].(map[string]any)
	driver, _ := tool["driver"].(map[string]any)
	rules, _ := driver["rules"].([]any)
	for i, rule := range l.result.Rules {
		relationships := l.relationships(rule)
		if descriptor, ok := rules[i].(map[string]any); ok && len(relationships) > 0 {
			descriptor["relationships"] = relationships
		}
	}
}

// relationship is SARIF's reportingDescriptorRelationship.
type relationship struct {
	Target      *sarif.ReportingDescriptorReference `json:"target"`
	Kinds       []string                            `json:"kinds"`
	Description *sarif.Message                      `json:"description"`
}

func (l *sarifLog) relationships(rule findings.Rule) []relationship {
	var out []relationship
	for i, framework := range l.frameworks {
		for _, control := range rule.Frameworks[framework.Key] {
			out = append(out, relationship{
				Target:      l.taxon(i, control),
				Kinds:       []string{relationshipKind(control.Coverage)},
				Description: message(coverageMeaning(control.Coverage)),
			})
		}
	}
	return out
}

// relationshipKind says in SARIF's words how much of a control a rule covers.
func relationshipKind(coverage string) string {
	switch coverage {
	case "full":
		return "superset"
	case "part":
		return "subset"
	}
	return "relevant"
}
