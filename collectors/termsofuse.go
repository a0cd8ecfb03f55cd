package collectors

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Terms of use have no application permission: a person reads them, with Graph Explorer
// for instance, and saves the answers of identityGovernance/termsOfUse/agreements and of
// each agreement's acceptances
// (https://learn.microsoft.com/graph/api/termsofusecontainer-list-agreements,
// agreement-list-acceptances). An answer of agreements with $expand=acceptances is both.

const termsKind = "terms_of_use"

// What a half of the terms lacks.
const (
	termsWithoutAcceptances = "The acceptances of its agreements were not imported; save agreements/{id}/acceptances too."
	termsWithoutAgreements  = "Its agreements were not imported; save identityGovernance/termsOfUse/agreements too."
)

// acceptancesOf finds the agreement in the context of an answer of its acceptances.
var acceptancesOf = regexp.MustCompile(`(?i)termsOfUse/agreements\('([0-9a-f-]{36})'\)/acceptances`)

func looksLikeTerms(d importDocument) bool {
	return looksLikeAgreements(d) || looksLikeAcceptances(d)
}

func looksLikeAgreements(d importDocument) bool {
	list, ok := d.innerList()
	if !ok {
		return false
	}
	if len(list) == 0 {
		context := jsonText(d.innerObject()["@odata.context"])
		return strings.HasSuffix(strings.ToLower(context), "termsofuse/agreements")
	}
	return !slices.ContainsFunc(list, func(item map[string]json.RawMessage) bool {
		return !hasAll(item, "id") || !hasAny(item, "isViewingBeforeAcceptanceRequired", "isPerDeviceAcceptanceRequired")
	})
}

func looksLikeAcceptances(d importDocument) bool {
	list, ok := d.innerList()
	if !ok {
		return false
	}
	if len(list) == 0 {
		return acceptancesOf.MatchString(jsonText(d.innerObject()["@odata.context"]))
	}
	return !slices.ContainsFunc(list, func(item map[string]json.RawMessage) bool {
		return !hasAll(item, "agreementId", "state") || !hasAny(item, "userId", "recordedDateTime")
	})
}

// readTerms reads either half. Objects are agreements; those of acceptances alone have an
// id and the acceptances, those of agreements alone have null for them.
func readTerms(d importDocument, o ImportOptions) (Import, error) {
	saved, objects, err := openObjects(d, o)
	if err != nil {
		return Import{}, err
	}
	api, lacks := "agreements", ""
	if looksLikeAgreements(d) {
		for _, agreement := range objects {
			if _, there := agreement["acceptances"]; !there {
				agreement["acceptances"], lacks = nil, termsWithoutAcceptances
			}
		}
	} else {
		api, lacks = "acceptances", termsWithoutAgreements
		if objects, err = byAgreement(d, objects); err != nil {
			return Import{}, err
		}
	}
	imported, err := saved.imported(termsKind, "Graph terms of use, "+api, objects)
	if err != nil {
		return Import{}, err
	}
	if nextPage(d) {
		imported.partial("It is the first page of more; save the others and import them as one list.")
	}
	if lacks != "" {
		imported.partial(lacks)
	}
	return oneKind(imported, nil)
}

// byAgreement groups acceptances by their agreement, in the order of their ids. An empty
// answer names its agreement in its context.
func byAgreement(d importDocument, acceptances []map[string]any) ([]map[string]any, error) {
	groups := map[string][]any{}
	if context := acceptancesOf.FindStringSubmatch(jsonText(d.innerObject()["@odata.context"])); context != nil {
		groups[strings.ToLower(context[1])] = []any{}
	}
	for i, acceptance := range acceptances {
		id, ok := acceptance["agreementId"].(string)
		if !ok || !guidPattern.MatchString(id) {
			return nil, fmt.Errorf("reading the acceptances: the agreementId of acceptance %d is no id; save the answer again", i)
		}
		groups[strings.ToLower(id)] = append(groups[strings.ToLower(id)], acceptance)
	}
	objects := make([]map[string]any, 0, len(groups))
	for id, group := range groups {
		objects = append(objects, map[string]any{"id": id, "acceptances": group})
	}
	slices.SortFunc(objects, func(a, b map[string]any) int { return strings.Compare(a["id"].(string), b["id"].(string)) })
	return objects, nil
}

// joinTerms adds acceptances to their agreements. An agreement whose acceptances no file
// holds keeps null for them, and the kind is then partial.
func joinTerms(halves []Imported) (Imported, error) {
	agreements, accepted, order := map[string]map[string]any{}, map[string][]any{}, []string(nil)
	joined := joinedImport(halves)
	joined.Complete, joined.Gap = true, nil
	objects, err := halfObjects(halves)
	if err != nil {
		return Imported{}, err
	}
	for _, object := range objects {
		id, _ := object["id"].(string)
		id = strings.ToLower(id)
		if list, ok := object["acceptances"].([]any); ok {
			accepted[id] = append(nonNil(accepted[id]), list...)
		}
		if _, named := object["isViewingBeforeAcceptanceRequired"]; !named && len(object) == 2 {
			continue
		}
		if _, twice := agreements[id]; twice {
			return Imported{}, fmt.Errorf("two files hold the agreement %q; leave one of them out", id)
		}
		agreements[id] = object
		order = append(order, id)
	}
	for _, half := range halves {
		if half.Gap != nil && half.Gap.Message != termsWithoutAcceptances && half.Gap.Message != termsWithoutAgreements {
			joined.partial(half.Gap.Message)
		}
	}
	return joined.terms(agreements, accepted, order)
}

func (i Imported) terms(agreements map[string]map[string]any, accepted map[string][]any, order []string) (Imported, error) {
	i.Objects = []json.RawMessage{}
	for _, id := range order {
		agreement := agreements[id]
		list, there := accepted[id]
		agreement["acceptances"] = list
		if !there {
			agreement["acceptances"] = nil
			i.partial(termsWithoutAcceptances)
		}
		delete(accepted, id)
		if err := i.hold(agreement); err != nil {
			return Imported{}, err
		}
	}
	if len(accepted) > 0 {
		i.partial(termsWithoutAgreements)
	}
	return i, nil
}

func nonNil(list []any) []any {
	if list == nil {
		return []any{}
	}
	return list
}
