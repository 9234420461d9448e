-- +goose Up
-- A firm may say whether accounts that are only linked to others, and not hostile themselves, count in an attack on a question.
ALTER TABLE pulse_setup ADD COLUMN linked BOOLEAN NOT NULL DEFAULT TRUE;

-- +goose Down
ALTER TABLE pulse_setup DROP COLUMN linked;
