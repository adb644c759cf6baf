//! What the model was asked for, counted: a recording that is judged has to hold whatever the store uses.

/// Defines the forms, each with how the source of the store spells it.
macro_rules! forms {
    ($($form:ident = $mark:literal,)*) => {
        /// An operation, or a form that a part of a request or of an expression has.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Form { $(
            #[doc = concat!("`", $mark, "`")]
            $form,
        )* }

        impl Form {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$form,)*];

            /// How Rust code that asks for it with the AWS SDK spells it.
            pub const fn mark(self) -> &'static str {
                match self { $(Self::$form => $mark,)* }
            }

            /// Its name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$form => stringify!($form),)* }
            }
        }
    };
}

forms! {
    GetItem = ".get_item()",
    PutItem = ".put_item()",
    UpdateItem = ".update_item()",
    DeleteItem = ".delete_item()",
    Query = ".query()",
    BatchGetItem = ".batch_get_item()",
    BatchWriteItem = ".batch_write_item()",
    TransactWriteItems = ".transact_write_items()",

    BatchPut = ".put_request(",
    BatchDelete = ".delete_request(",
    TransactPut = ".put(put(",
    TransactUpdate = ".update(update.build",
    TransactDelete = ".delete(delete.build",
    TransactCheck = ".condition_check(",
    RequestToken = ".client_request_token(",

    IndexQuery = "index_name(",
    DescendingQuery = ".scan_index_forward(",
    LimitedQuery = "limit(limit)",
    ContinuedQuery = "exclusive_start_key(",
    ConsistentRead = ".consistent_read(",
    Projection = "projection_expression(",
    ReturnedNew = "ReturnValue::AllNew",
    ReturnedOld = "ReturnValue::AllOld",
    ReturnedOnFailure = "ReturnValuesOnConditionCheckFailure::AllOld",

    AttributeExists = "attribute_exists(",
    AttributeNotExists = "attribute_not_exists(",
    BeginsWith = "begins_with(",
    Contains = " contains(",
    Size = "size(#",
    Equal = " = :",
    NotEqual = " <> :",
    Less = " < :",
    LessOrEqual = " <= :",
    Greater = " > :",
    GreaterOrEqual = " >= :",
    Between = " BETWEEN :",
    In = " IN (",
    And = " AND ",
    Or = " OR ",
    Not = "NOT ",

    Set = "\"SET \"",
    SetPath = "\"#s.p1\"),",
    IfNotExists = "if_not_exists(",
    Plus = ") + {",
    Minus = ") - {",
    Remove = "\"REMOVE \"",
    Add = "\"ADD \"",
    Delete = "\"DELETE \"",
    NestedPath = "#s.",
    NamePlaceholder = "expression_attribute_names(",
}

/// How often each form was asked for.
#[derive(Clone, Debug)]
pub(super) struct Counts([u64; Form::ALL.len()]);

impl Counts {
    pub(super) const fn new() -> Self {
        Self([0; Form::ALL.len()])
    }

    pub(super) fn note(&mut self, form: Form) {
        if let Some(count) = self.0.get_mut(form as usize) {
            *count += 1;
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Form, u64)> {
        Form::ALL.iter().copied().zip(self.0)
    }
}
