package reports

import (
	"strings"

	"github.com/google/uuid"
)

// nameUUID is the name-based UUID (RFC 9562, version 5) of what the parts name. It is the
// same in every report.
func nameUUID(parts ...string) string {
	project := uuid.NewSHA1(uuid.NameSpaceURL, []byte(homepage))
	return uuid.NewSHA1(project, []byte(strings.Join(parts, "\n"))).String()
}
