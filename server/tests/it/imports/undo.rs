//! Undoing an import: what goes, what stays, and that doing it twice is doing it once.

use jiff::SignedDuration;
use prospectai::actions::Actor;
use prospectai::actions::imports::{ImportOptions, UndoRefused};
use prospectai::store::imports::UndoOutlook;
use serde_json::{Value, json};

use super::world::{World, file_of, on_both};
use crate::support::api_client::{Database, TestApi};

const FILE: &str = "phone,first name\n+16175550100,Ada\n+16175550101,Ben\n+16175550102,Eve\n";

#[tokio::test]
async fn a_wrong_file_is_taken_out_and_the_corrected_one_comes_in() {
    on_both(async |world: World| {
        let import = world.import(FILE).await;
        let outlook = world.actions.store.undo_outlook(import.id).await.unwrap();
        assert_eq!(outlook, UndoOutlook { untouched: 3, rung: 0, changed: 0 });
        let undone = world.actions.undo_import(world.actor.clone(), import.id).await.unwrap();
        assert_eq!((undone.taken_out, undone.kept(), undone.undone_at.is_some()), (3, 0, true));
        assert_eq!((undone.rows, undone.added), (3, 3), "what the import did stays on record");
        assert!(world.people().await.is_empty());

        let corrected = world.import(FILE).await;
        assert_eq!(corrected.added, 3);
        let again = world.actions.undo_import(world.actor.clone(), import.id).await.unwrap();
        assert_eq!(again, undone);
        assert_eq!(world.people().await.len(), 3);
        assert_eq!(undo_entries(&world).await, 1);
    })
    .await;
}

#[tokio::test]
async fn rows_of_one_file_about_one_person_bring_them_in_together() {
    on_both(async |world: World| {
        let others: String = (200..1_200).map(|n| format!("+1617{:03}{n:04},x\n", 200 + n / 100)).collect();
        let import =
            world.import(&format!("phone,first name\n+16175550100,\n{others}+16175550100,Ada\n")).await;
        assert_eq!((import.added, import.merged), (1_001, 1));
        assert_eq!(world.prospect("+16175550100").await.first_name, "Ada");
        let undone = world.actions.undo_import(world.actor.clone(), import.id).await.unwrap();
        assert_eq!(undone.taken_out, 1_001);
    })
    .await;
}

#[tokio::test]
async fn who_is_in_a_later_file_too_stays() {
    on_both(async |world: World| {
        let first = world.import(FILE).await;
        let second =
            world.import("phone,first name\n+16175550101,\n+16175550102,Eve\n+16175550103,Zoe\n").await;
        assert_eq!((second.added, second.merged), (1, 2));
        let undone = world.actions.undo_import(world.actor.clone(), first.id).await.unwrap();
        assert_eq!((undone.taken_out, undone.kept()), (1, 2));
        assert_eq!(world.actions.store.undo_outlook(first.id).await.unwrap(), UndoOutlook::default());
        let undone = world.actions.undo_import(world.actor.clone(), second.id).await.unwrap();
        assert_eq!((undone.taken_out, undone.kept()), (1, 0));
        let left = world.people().await;
        assert_eq!(left.iter().map(|one| one.first_name.as_str()).collect::<Vec<_>>(), ["Ben", "Eve"]);
    })
    .await;
}

#[tokio::test]
async fn the_same_file_sent_twice_is_one() {
    on_both(async |world: World| {
        let first = world.import(FILE).await;
        let again = world.import(FILE).await;
        assert_eq!((again.added, again.merged), (0, 3));
        let nothing = world.actions.undo_import(world.actor.clone(), again.id).await.unwrap();
        assert_eq!((nothing.taken_out, nothing.kept()), (0, 0));
        let undone = world.actions.undo_import(world.actor.clone(), first.id).await.unwrap();
        assert_eq!((undone.taken_out, undone.kept()), (3, 0));
    })
    .await;
}

#[tokio::test]
async fn an_import_that_runs_or_belongs_to_others_is_not_undone() {
    on_both(async |world: World| {
        let import = world.import(FILE).await;
        let workspace = domain::ids::WorkspaceId::from_uuid(uuid::Uuid::from_u128(7));
        let stranger = Actor { workspace, ..world.actor.clone() };
        let refused = world.actions.undo_import(stranger, import.id).await.unwrap_err();
        assert!(matches!(refused, UndoRefused::NotFound), "{refused}");
        world.pretend_an_import_runs().await;
        let running = domain::ids::ImportId::from_uuid(uuid::Uuid::from_u128(1));
        let refused = world.actions.undo_import(world.actor.clone(), running).await.unwrap_err();
        assert!(matches!(refused, UndoRefused::Running), "{refused}");
        assert_eq!(world.people().await.len(), 3);
    })
    .await;
}

async fn undo_entries(world: &World) -> usize {
    let about = world.campaign.to_string();
    let deeds = world.actions.store.audit_of(world.actor.workspace, &about, 100).await.unwrap();
    deeds.iter().filter(|deed| deed.action == "import.undo").count()
}

#[tokio::test]
async fn who_was_rung_or_changed_by_hand_stays_and_everything_still_adds_up() {
    for database in Database::BOTH {
        let api = TestApi::on(database).await;
        let (campaign, _) = api.running_campaign(1).await;
        let (owner, actions) = (api.as_owner(), &api.state.actions);
        let (workspace, _) = actions.first_workspace().await.unwrap();
        let actor = Actor { workspace, name: "console".to_owned() };
        let file = file_of(b"phone\n+12127360001\n+12127360002\n+12127360003\n+12127360004\n");
        let started =
            actions.start_import(actor, campaign.parse().unwrap(), file, ImportOptions::default()).await;
        let import = started.unwrap().id;
        actions.import_finished(workspace, import).await.unwrap();
        api.clock.set(api.clock.now() + SignedDuration::from_mins(1));

        let people = owner.get(&format!("/api/campaigns/{campaign}/prospects")).await.json;
        let id = |number: &str| {
            let people = people["prospects"].as_array().unwrap();
            people.iter().find(|one| one["phone"] == number).unwrap()["id"].as_str().unwrap().to_owned()
        };
        let place = json!({ "campaignId": campaign, "prospectId": id("+12127360001") });
        owner.post("/api/calls/place", place).await.expect(201);
        let edit = json!({ "firstName": "Ada" });
        owner.patch(&format!("/api/prospects/{}", id("+12127360002")), edit).await.expect(200);

        let path = format!("/api/imports/{import}/undo");
        let undone = owner.post(&path, Value::Null).await.expect(200).json;
        assert_eq!((&undone["takenOut"], &undone["kept"]), (&json!(2), &json!(2)), "{undone}");
        assert_eq!(owner.post(&path, Value::Null).await.expect(200).json, undone);
        let left = actions.store.undo_outlook(import).await.unwrap();
        assert_eq!(left, UndoOutlook { untouched: 0, rung: 1, changed: 1 });
        owner.get(&format!("/api/prospects/{}", id("+12127360003"))).await.problem(404, "not_found");
        owner.get(&format!("/api/prospects/{}", id("+12127360001"))).await.expect(200);
        assert_eq!(actions.store.recount().await.unwrap().shown, Vec::<String>::new());
        api.as_stranger().await.post(&path, Value::Null).await.problem(404, "not_found");
    }
}
