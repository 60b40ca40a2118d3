-- Write, with what others commit meanwhile.

SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
