package history

import "context"

// Intervals counts the rows of findings.
func Intervals(ctx context.Context, s *Store) (n int, err error) {
	err = s.db.QueryRowContext(ctx, "SELECT count(*) FROM history_findings").Scan(&n)
	return n, err
}

// Exec changes a store behind its back.
func Exec(ctx context.Context, s *Store, statement string) error {
	_, err := s.db.ExecContext(ctx, statement)
	return err
}

// Again takes a result.json apart and puts it together again.
func Again(document []byte) ([]byte, error) {
	doc, err := split(document)
	if err != nil {
		return nil, err
	}
	var texts [][]byte
	for _, body := range doc.bodies {
		texts = append(texts, body.text)
	}
	return join(doc.head, texts, doc.changes)
}

// Stored puts a result.json together of what a store may hold.
func Stored(packedHead, packedChanges, body []byte) ([]byte, error) {
	head, err := unpack(packedHead)
	if err != nil {
		return nil, err
	}
	changes, err := unpackWords(packedChanges)
	if err != nil {
		return nil, err
	}
	return join(head, [][]byte{body, body}, changes)
}

// Packed is a text as a store holds it.
func Packed(text string) ([]byte, error) { return pack([]byte(text)) }
