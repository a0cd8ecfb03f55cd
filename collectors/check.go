package collectors

import (
	"context"
	"errors"

	"github.com/domicile-audit/domicile/evidence"
)

// Check says, before anything is read, which of the kinds the source can't read: because
// the cloud doesn't have the API, there is no token for it, or the token lacks the
// permission. Only tokens are asked for. The error is a failed sign-in's or the context's.
func Check(ctx context.Context, source Source, tenant evidence.Tenant, kinds []string) ([]evidence.Gap, error) {
	var gaps []evidence.Gap
	for _, collector := range wanted(kinds) {
		reading := &reading{run: &run{source: source, options: Options{Tenant: tenant}}, collector: collector}
		err := reading.allowed(ctx)
		var refusal *RefusalError
		switch {
		case err == nil:
		case errors.As(err, &refusal):
			gaps = append(gaps, gapOf(collector, reading.granted, refusal))
		default:
			return nil, err
		}
	}
	return gaps, nil
}
