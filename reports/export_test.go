package reports

// What the tests of the package's text handling need.
var (
	Clean       = clean
	RelativeURI = relativeURI
	IsLink      = isLink
	PascalName  = pascalName
	Inert       = inert
	Anchor      = anchor
	Stop        = stop
)
