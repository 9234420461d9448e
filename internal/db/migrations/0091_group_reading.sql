-- +goose Up
-- Every run of groups, and every look at one, reads the newest comments of a place and the accounts that spoke for the firm there.
-- Without these it goes through all comments of the firm.
CREATE INDEX mention_by_source ON mention (firm_id, source_id, at);
CREATE INDEX mention_own_by_source ON mention (firm_id, source_id, author_key) WHERE own = TRUE;
