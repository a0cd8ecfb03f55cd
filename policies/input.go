package policies

import (
	"context"
	"slices"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/internal/plan"
)

// input is a rule's input document, save the objects of its scope.
type input struct {
	document [][2]*ast.Term // all but evidence
	kinds    [][2]*ast.Term // evidence: every kind but the scope's
	scope    *ast.Term      // the kind that is given page by page; nil for the scope tenant
}

// inputFor makes a rule's input.
func (j *judge) inputFor(ctx context.Context, rule Rule) (input, error) {
	manifest := &j.store.bundle.Manifest
	var in input
	gaps, lookup, group := map[string]any{}, ast.NewObject(), ast.NewObject()
	for _, kind := range rule.Kinds() {
		if gap, missing := gapFor(manifest, kind); missing {
			gaps[kind] = map[string]any{"reason": gap.Reason, "status": gap.Status, "code": gap.Code}
		}
		if key, joined := rule.Lookup[kind]; joined {
			table, err := j.store.table(ctx, kind, key)
			if err != nil {
				return in, err
			}
			lookup.Insert(ast.StringTerm(kind), table)
		}
		if key, grouped := rule.Group[kind]; grouped {
			groups, err := j.store.groups(ctx, kind, key)
			if err != nil {
				return in, err
			}
			group.Insert(ast.StringTerm(kind), groups)
		}
		switch {
		case kind == rule.Scope:
			in.scope = ast.StringTerm(kind)
		case rule.whole(kind):
			objects, err := j.store.whole(ctx, kind)
			if err != nil {
				return in, err
			}
			in.kinds = append(in.kinds, ast.Item(ast.StringTerm(kind), objects))
		default:
			in.kinds = append(in.kinds, ast.Item(ast.StringTerm(kind), ast.ArrayTerm()))
		}
	}
	reader := manifest.Reader
	document, err := ast.InterfaceToValue(map[string]any{
		"tenant":  map[string]any{"id": manifest.Tenant.ID, "name": manifest.Tenant.Name, "cloud": manifest.Tenant.Cloud},
		"now":     manifest.Started.UTC().Format(time.RFC3339),
		"profile": j.profile,
		"params":  j.params,
		"reader":  map[string]any{"tid": reader.TenantID, "appid": reader.AppID, "roles": reader.Roles, "scp": reader.Scopes},
		"gaps":    gaps,
	})
	if err != nil {
		return in, err
	}
	document.(ast.Object).Foreach(func(name, value *ast.Term) {
		in.document = append(in.document, ast.Item(name, value))
	})
	in.document = append(in.document, ast.Item(ast.StringTerm("lookup"), ast.NewTerm(lookup)), ast.Item(ast.StringTerm("group"), ast.NewTerm(group)))
	return in, nil
}

// of is the input with the objects of a page; of the scope tenant there is no page.
func (in input) of(page *ast.Term) *ast.Term {
	kinds := in.kinds
	if in.scope != nil {
		kinds = slices.Concat(kinds, [][2]*ast.Term{ast.Item(in.scope, page)})
	}
	evidence := ast.Item(ast.StringTerm("evidence"), plan.Object(kinds...))
	return plan.Object(slices.Concat(in.document, [][2]*ast.Term{evidence})...)
}

// gapFor returns the gap of a kind as rules see it: partial where some of the kind was
// read, whatever cut it short.
func gapFor(manifest *evidence.Manifest, kind string) (evidence.Gap, bool) {
	gap, missing := manifest.GapOf(kind)
	if entry, read := manifest.Entry(kind); missing && read && !entry.Complete {
		gap.Reason = evidence.Partial
	}
	return gap, missing
}
