-- +goose Up
CREATE INDEX mention_rated ON mention (firm_id, at) WHERE rating > 0; -- the stars of a firm's last year, without reading all that was written

-- +goose Down
DROP INDEX mention_rated;
